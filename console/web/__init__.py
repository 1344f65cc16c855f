"""Shared by all pages and JSON routes: arguments, error responses, rate limits, hosts, security headers, links."""
