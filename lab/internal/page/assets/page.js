// Keeps the page up to date, and sorts its table. Without it the page reads as well:
// it then reloads every five seconds.
'use strict';
(() => {
  const root = document.documentElement;
  const table = document.querySelector('table.sort');
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];

  // Sorting. Rows that say something about the table instead of a trial stay at its end,
  // and so does what has no value.
  let sorted = { column: 0, down: true };

  const value = (row) => {
    const cell = row.cells[sorted.column];
    const text = (cell.dataset.v ?? cell.textContent).trim();
    if (text === '' || text === '–') return null;
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  };

  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === 'number' && typeof y === 'number'
      ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
    return sorted.down ? -order : order;
  };

  const sort = () => {
    const rows = [...body.rows].filter((row) => !row.classList.contains('empty'));
    const rest = [...body.rows].filter((row) => row.classList.contains('empty'));
    rows.sort(compare);
    body.append(...rows, ...rest);
    heads.forEach((head, i) => {
      head.setAttribute('aria-sort', i !== sorted.column ? 'none' : sorted.down ? 'descending' : 'ascending');
    });
  };

  heads.forEach((head, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    button.addEventListener('click', () => {
      // Numbers are looked for from the highest on, words from A on.
      const down = sorted.column === i ? !sorted.down : head.classList.contains('n');
      sorted = { column: i, down };
      sort();
    });
    head.replaceChildren(button);
  });
  sort();

  // What changes is asked for once a second, and only while somebody can see it.
  const every = Number(root.dataset.refresh);
  if (!every) return;
  const lost = document.getElementById('lost');
  const said = document.getElementById('said');
  let have = root.dataset.have;
  let timer = 0;
  let asking = false;

  const show = (answer) => {
    have = answer.have;
    for (const [name, html] of Object.entries(answer.parts)) {
      const part = document.querySelector(`[data-part="${name}"]`);
      if (!part || part.shown === html) continue;
      part.shown = html;
      part.innerHTML = html;
      if (part === body) sort();
    }
    if (answer.said) said.textContent = answer.said;
  };

  const ask = async () => {
    if (asking || document.hidden) return;
    asking = true;
    clearTimeout(timer);
    try {
      const response = await fetch('/live?have=' + encodeURIComponent(have), { signal: AbortSignal.timeout(10000) });
      if (!response.ok) throw new Error(response.statusText);
      show(await response.json());
      if (lost.textContent) lost.textContent = '';
    } catch {
      if (!lost.textContent) {
        const now = new Date().toISOString().slice(11, 19);
        lost.textContent = `The lab does not answer since ${now} UTC. What you see is from before.`;
      }
    }
    asking = false;
    timer = setTimeout(ask, every);
  };

  document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });
  timer = setTimeout(ask, every);
})();
