"""The half of the lab that imports Keras: build, train, taps. It runs in workers, never in the Streamlit server."""
