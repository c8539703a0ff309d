"""Tests of the endpoint, against a scripted server."""
