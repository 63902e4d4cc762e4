"""The seed: cloud-init documents, guest boot scripts, and the ISO 9660 image that carries them."""
