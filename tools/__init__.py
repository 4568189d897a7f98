"""What build.py does, one module for each job."""
