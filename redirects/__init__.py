"""Redirects from a CMS's old URLs: the rules, their decision and their form at the CDN's edge.

A rule set is made once (`rules`, `wordpress`), decided by one algorithm that exists twice
(`match` in Python, `edge.js` at the CDN) and stored as key-value entries (`compile`). Nothing
here does I/O, and nothing here knows the publisher.
"""
