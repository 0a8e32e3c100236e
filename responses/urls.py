"""Which view answers which path."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, path

from responses.views import demo, first_run, issues, overview, preferences

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview_page, name="overview"),
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
    path("demo/sign-in/<str:token>/", demo.sign_in, name="demo-sign-in"),
]
