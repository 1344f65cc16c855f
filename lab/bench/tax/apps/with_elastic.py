"""The application with elastic-apm, set up as its Flask page describes."""

from elasticapm.contrib.flask import ElasticAPM

from lab.bench.tax.apps.shop import connect, create_app

app = create_app(*connect())
ElasticAPM(app)
