"""x"""

ROWS = []
