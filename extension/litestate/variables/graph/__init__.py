"""Variables as a graph of nodes: the encoder and the decoder."""
