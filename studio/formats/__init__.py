"""How the console writes times: to the second, sortable, in UTC."""
