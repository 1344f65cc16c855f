"""The console's Flask application and its pages."""
