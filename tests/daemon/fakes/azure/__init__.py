"""Stands for the packages of Azure's library: what kvmon imports of them, without Azure."""
