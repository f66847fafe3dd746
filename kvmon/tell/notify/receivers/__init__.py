"""The ways to tell a receiver, a file each; `ReceiverOptions` is the list of them."""
