"""What is deployed to Azure, and what azd runs around it."""
