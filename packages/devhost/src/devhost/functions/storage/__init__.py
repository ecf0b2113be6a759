"""Queue and blob triggers and bindings. Imported only for an app that has some: it needs azure-storage."""
