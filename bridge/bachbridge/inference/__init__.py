"""The model process: it loads a model, answers asks and plans live harmony."""
