"""The RQ workers: thin jobs that call the shop, the worker process, and the sweeper for orders whose job was lost."""
