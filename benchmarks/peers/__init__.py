"""The programs that memjax is compared with.  Those in torch run without memjax."""
