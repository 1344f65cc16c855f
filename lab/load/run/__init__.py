"""The control of a run: quiesce the instance, then start, watch and stop the generator."""
