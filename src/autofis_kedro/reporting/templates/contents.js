/* The contents show where the reader is; on a phone they are folded away. */
(() => {
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const inSight = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? inSight.add(target.id) : inSight.delete(target.id);
    const first = [...links.keys()].find((id) => inSight.has(id));
    for (const [id, link] of links) id === first ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }, { rootMargin: "-72px 0px -55% 0px" });
  for (const id of links.keys()) watcher.observe(document.getElementById(id));

  const wide = matchMedia("(min-width: 64rem)");
  const fold = () => { document.getElementById("contents").open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
})();
