"""How results look in a notebook: HTML by itself, safe whatever it shows, without scripts, light and dark.

The pages' own templates need what the collector brings (addresses, filters, its style sheet), which a notebook without
the extra `server` has not; so this is HTML of its own, with the pages' class names.
"""
