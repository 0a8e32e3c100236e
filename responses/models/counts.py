"""Counts that are kept while recording, so that no chart ever counts the log.

Hours and minutes are whole numbers since 1970, UTC, of the event time. A call without an answer has status code 0.
Polls and look-ups of our own are not counted.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from responses.models.visibility import VisibleQuerySet


class HourlyCount(models.Model):
    """Number and duration of responses by hour, endpoint, status code and outcome."""

    pk = models.CompositePrimaryKey("integration_id", "hour", "endpoint", "status_code", "outcome")
    integration_id = models.BigIntegerField()
    hour = models.PositiveIntegerField()
    endpoint = models.CharField(max_length=120)
    status_code = models.PositiveSmallIntegerField()
    outcome = models.PositiveSmallIntegerField()
    responses = models.PositiveIntegerField()
    duration_ms = models.PositiveBigIntegerField()
    """The sum over the responses."""

    objects = VisibleQuerySet["HourlyCount"].as_manager()


class MinuteCount(models.Model):
    """The same by minute, kept for 48 hours."""

    pk = models.CompositePrimaryKey("integration_id", "minute", "endpoint", "status_code", "outcome")
    integration_id = models.BigIntegerField()
    minute = models.PositiveIntegerField()
    endpoint = models.CharField(max_length=120)
    status_code = models.PositiveSmallIntegerField()
    outcome = models.PositiveSmallIntegerField()
    responses = models.PositiveIntegerField()
    duration_ms = models.PositiveBigIntegerField()
    recovered = models.PositiveIntegerField(db_default=0)
    """How many of them we got by sending again, and were fine."""

    objects = VisibleQuerySet["MinuteCount"].as_manager()


class OutcomeHour(models.Model):
    """Number of responses by hour and outcome only: few rows, for the trend and the success rate.

    Of the accepted ones, ``confirmed`` were later found created and ``refused`` failed, partial or unknown.
    ``recovered`` are successes and acceptances that we got by sending again.
    """

    pk = models.CompositePrimaryKey("integration_id", "hour", "outcome")
    integration_id = models.BigIntegerField()
    hour = models.PositiveIntegerField()
    outcome = models.PositiveSmallIntegerField()
    responses = models.PositiveIntegerField()
    confirmed = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    recovered = models.PositiveIntegerField(db_default=0)

    objects = VisibleQuerySet["OutcomeHour"].as_manager()

    class Meta:
        verbose_name_plural: ClassVar = "outcome hours"
