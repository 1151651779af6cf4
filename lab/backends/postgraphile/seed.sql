-- Users with posts: enough that an index pays, little enough to be kept in memory.
CREATE TABLE users (
	id int PRIMARY KEY,
	username text NOT NULL UNIQUE
);
CREATE TABLE posts (
	id int PRIMARY KEY,
	author_id int NOT NULL REFERENCES users,
	title text NOT NULL,
	body text NOT NULL,
	likes int NOT NULL
);
INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 1000) n;
INSERT INTO posts
	SELECT n, 1 + n % 1000, 'Post ' || n, repeat('words of post ' || n || ' ', 20), n % 100 FROM generate_series(1, 50000) n;
CREATE INDEX ON posts (author_id, id DESC);
VACUUM (ANALYZE);
