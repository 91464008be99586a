"""The frame of every page: ``streamlit run app.py``."""

from pages.ui import frame

if __name__ == "__main__":
    frame.open_page()
