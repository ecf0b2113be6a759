"""Document Intelligence as azure-ai-formrecognizer 3.3 uses it (API 2023-07-31), with real extraction and OCR."""
