"""What all pages and JSON routes share: arguments, error answers, rate limits, known hosts, security headers, links."""
