"""The model that fills masked cells by Gibbs sampling: answers, long canvases and look-ahead harmony."""
