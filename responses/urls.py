"""Which view answers which path."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, path

from responses.api import application
from responses.views import (
    channels,
    demo,
    first_run,
    integrations,
    issues,
    overview,
    preferences,
    probes,
    recorder,
    requests,
    responses,
    tokens,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview_page, name="overview"),
    path("api/v1/openapi.json", application.openapi, name="api-document"),
    path("api/v1/docs", application.docs, name="api-docs"),
    path("api/v1/", application.api.urls),
    path("first-key/", first_run.make_key, name="first-key"),
    path("first-wait/", first_run.wait, name="first-wait"),
    path("issues/", issues.issue_list, name="issue-list"),
    path("issues/<int:issue_id>/", issues.issue_detail, name="issue-detail"),
    path("issues/<int:issue_id>/decide/", issues.issue_decide, name="issue-decide"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", auth_views.PasswordChangeView.as_view(success_url="/password/done/"), name="password-change"),
    path("password/done/", auth_views.PasswordChangeDoneView.as_view(), name="password-change-done"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("settings/channels/", channels.channel_list, name="channel-list"),
    path("settings/channels/tests/<int:delivery_id>/", channels.test_result, name="channel-test-result"),
    path("settings/channels/<int:channel_id>/test/", channels.test, name="channel-test"),
    path("settings/channels/<int:channel_id>/switch/", channels.switch, name="channel-switch"),
    path("settings/channels/<int:channel_id>/remove/", channels.remove, name="channel-remove"),
    path("settings/integrations/", integrations.integration_list, name="integration-list"),
    path("settings/new-integration/", integrations.integration_create, name="integration-create"),
    path("settings/integrations/<slug:slug>/", integrations.integration_detail, name="integration-detail"),
    path("settings/integrations/<slug:slug>/general/", integrations.integration_change, name="integration-change"),
    path("settings/integrations/<slug:slug>/credentials/", integrations.credentials_change, name="credentials-change"),
    path("settings/integrations/<slug:slug>/keys/", integrations.key_create, name="key-create"),
    path("settings/keys/<int:key_id>/revoke/", integrations.key_revoke, name="key-revoke"),
    path("settings/tokens/", tokens.token_list, name="token-list"),
    path("settings/tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("responses/", responses.response_list, name="response-list"),
    path("responses/<int:response_id>/", responses.response_detail, name="response-detail"),
    path("responses/<int:response_id>/<str:which>.txt", responses.response_raw, name="response-raw"),
    path("requests/<int:request_id>/", requests.request_detail, name="request-detail"),
    path("requests/<int:request_id>/decide/", requests.request_decide, name="request-decide"),
    path("requests/<int:request_id>/evidence/", requests.request_evidence, name="request-evidence"),
    path("recorder.py", recorder.recorder, name="recorder"),
    path("healthz", probes.alive, name="healthz"),
    path("readyz", probes.ready, name="readyz"),
    path("demo/sign-in/<str:token>/", demo.sign_in, name="demo-sign-in"),
]
