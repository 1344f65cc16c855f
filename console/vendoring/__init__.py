"""Files of npm packages, served from this repository: no page loads anything from elsewhere, no build needs npm.

``package-lock.json`` pins the packages by their integrity, ``files.sha256`` the files that were taken out of them.
"""
