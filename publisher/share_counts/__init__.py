"""How often the addresses of old posts were shared: asked of social networks, kept, compared."""
