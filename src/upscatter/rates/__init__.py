"""The only place where flux, interaction and detector meet."""
