"""The pieces of ``models.shop.parse``: each reads one part of a problem document and names what is wrong with it."""
