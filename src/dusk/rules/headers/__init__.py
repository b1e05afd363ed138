"""Model files described from their heads alone: never loaded, never unpickled."""
