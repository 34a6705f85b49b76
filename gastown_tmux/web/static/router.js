// Which page is shown: a path and its query. Links of this page are followed without loading anything anew.

let turn = () => {};

export const here = () => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export function startRouter(show) {
  turn = show;
  addEventListener("popstate", () => show(here()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = new URL(link.href);
    if (target.origin !== location.origin || target.hash || link.target) return;
    event.preventDefault();
    go(target.pathname + target.search);
  });
}

export function go(where) {
  if (where !== location.pathname + location.search) history.pushState(null, "", where);
  turn(here());
}

export const agentLink = (address) => `/agent?address=${encodeURIComponent(address)}`;
export const beadLink = (id) => `/bead?id=${encodeURIComponent(id)}`;
