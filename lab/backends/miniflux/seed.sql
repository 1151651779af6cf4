-- Two readers with ten feeds each, 250 entries a feed, and a token each: to log in by password costs bcrypt.
INSERT INTO users (username, password) VALUES ('one', 'none'), ('two', 'none');
INSERT INTO integrations (user_id) SELECT id FROM users ORDER BY id;
INSERT INTO categories (user_id, title) SELECT id, 'All' FROM users ORDER BY id;
INSERT INTO api_keys (user_id, token, description) SELECT id, 'token-' || username, 'load' FROM users ORDER BY id;
-- No feed is due before ten years are over.
INSERT INTO feeds (user_id, category_id, title, feed_url, site_url, next_check_at)
	SELECT u.id, c.id, 'Feed ' || n, 'http://127.0.0.1:9/' || u.id || '/' || n, 'http://127.0.0.1:9/', now() + interval '10 years'
	FROM users u JOIN categories c ON c.user_id = u.id, generate_series(1, 10) n ORDER BY u.id, n;
-- The reset of the manifest brings the status back to this.
INSERT INTO entries
	(id, user_id, feed_id, hash, published_at, title, url, author, content, status, changed_at, created_at, document_vectors)
	SELECT e.id, f.user_id, f.id, md5(e.id::text), timestamptz '2026-01-01' - e.n * interval '1 hour',
		'Entry ' || e.n || ' of feed ' || f.id, 'http://127.0.0.1:9/e/' || e.id, 'author ' || e.n % 17,
		repeat('words of entry ' || e.n || ' ', 60), (CASE WHEN e.id % 3 = 0 THEN 'read' ELSE 'unread' END)::entry_status,
		timestamptz '2026-01-01', timestamptz '2026-01-01', to_tsvector('simple', 'entry ' || e.n || ' topic' || e.n % 50)
	FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM feeds) f,
		LATERAL (SELECT n, (f.place - 1) * 250 + n AS id FROM generate_series(1, 250) n) e;
SELECT setval(pg_get_serial_sequence('entries', 'id'), (SELECT max(id) FROM entries));
VACUUM (ANALYZE);
