"""What goes into the HTML page."""
