"""The blocks that every architecture of the lab is made of, in `keras.ops`, so that any Keras backend runs them."""
