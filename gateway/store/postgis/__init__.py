"""The store on a PostgreSQL server with PostGIS: gateway processes on several machines may share one twin in it."""
