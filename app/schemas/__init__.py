"""What requests and answers look like: shapes for the OpenAPI document. Meaning is checked by ``models.shop.parse``."""
