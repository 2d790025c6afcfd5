"""The networks that turn an aligned crop into an embedding, and the weights they start from."""
