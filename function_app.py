"""The function app: settings are read and validated, then every function is registered.

The ``__init__.py`` of each folder lists its functions.
"""

import azure.durable_functions as df
import azure.functions as func

import activities
import entities
import orchestrators
import triggers
from docpipeline import composition, settings

composition.set_settings(settings.load_settings())

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for folder in (triggers, orchestrators, activities, entities):
    for blueprint in folder.blueprints:
        app.register_functions(blueprint)
