"""From YAML texts to the resolved `model.config.Config` of an instance, and back to edited YAML."""
