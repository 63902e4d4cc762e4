"""The nouns of limavm as frozen values. Nothing here touches the operating system."""
