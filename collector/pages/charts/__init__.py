"""Figures → places in a picture. The templates draw them; nothing here is markup."""
