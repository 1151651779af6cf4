'use strict';
(() => {
  // What a cell's text is in numbers: 1,234 · 12.3% · 1.376 [1.2, 1.5] better · <0.01 · +0.5.
  const number = (text) => {
    const found = /^[<>(]?([+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)/i.exec(text);
    return found ? parseFloat(found[1].replaceAll(',', '')) : NaN;
  };
  const absent = (text) => text === '' || text === '–';

  // Numbers come before words, and what is missing comes last, whatever the direction.
  const compare = (a, b, sign) => {
    if (absent(a) || absent(b)) return absent(a) - absent(b);
    const x = number(a), y = number(b);
    if (isNaN(x) !== isNaN(y)) return isNaN(x) - isNaN(y);
    if (!isNaN(x) && x !== y) return sign * (x - y);
    return sign * a.localeCompare(b, 'en', {numeric: true});
  };

  const sort = (table, th, column) => {
    const next = {ascending: 'descending', descending: 'none'}[th.getAttribute('aria-sort')] || 'ascending';
    for (const other of table.tHead.rows[0].cells) if (other.tagName === 'TH') other.setAttribute('aria-sort', 'none');
    th.setAttribute('aria-sort', next);
    const body = table.tBodies[0];
    body.given ||= [...body.rows];
    const rows = [...body.given];
    if (next !== 'none') {
      const sign = next === 'ascending' ? 1 : -1;
      const text = new Map(rows.map((row) => [row, row.cells[column].textContent.trim()]));
      rows.sort((a, b) => compare(text.get(a), text.get(b), sign));
    }
    body.append(...rows);
  };

  for (const table of document.querySelectorAll('table')) {
    if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((th, column) => {
      if (th.tagName !== 'TH') return;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...th.childNodes);
      button.addEventListener('click', () => sort(table, th, column));
      th.setAttribute('aria-sort', 'none');
      th.append(button);
    });
    // Of the links of a row all but the first lead to one place: one of them is enough to tab to.
    for (const row of table.tBodies[0].rows) {
      for (const link of [...row.querySelectorAll('td a')].slice(1)) link.tabIndex = -1;
    }
  }

  // A link to something folded unfolds it.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let e = target.closest('details'); e; e = e.parentElement.closest('details')) e.open = true;
    target.scrollIntoView();
  };
  addEventListener('hashchange', reveal);
  reveal();
})();
