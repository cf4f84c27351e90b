"""Who may do what: users, workspaces, memberships with roles, API keys and sessions."""
