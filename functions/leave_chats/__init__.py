"""Workflow step: take a batch of clients out of group chats and blasts."""
