"""The lab: ``streamlit run app.py``. The server imports `app`, and runs this file again for every visitor."""

import streamlit as st

from pages.ui import frame, server

if __name__ == "__main__":
    frame.open_page()
else:
    app = st.App(__file__, middleware=server.MIDDLEWARE, lifespan=server.lifespan)
