"""What the project is made and tried with: nothing here is in the product or its images."""
