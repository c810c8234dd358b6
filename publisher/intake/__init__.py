"""Intake: what designers upload, looked at and made part of the site."""
