// What every page does in the reader's browser: typeset formulas when they come near, start live
// figures when they come near, and let the keyboard reach what scrolls. Nothing is fetched from
// elsewhere, and nothing heavy before it is needed.
(() => {
  "use strict";

  const near = (elements, margin, act) => {
    if (!elements.length) return;
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watch.unobserve(entry.target);
        act(entry.target);
      }
    }, { rootMargin: margin });
    elements.forEach((element) => watch.observe(element));
  };

  // --- formulas -------------------------------------------------------------------------------
  const formulas = [...document.querySelectorAll("article .math")];
  let typesetting = null;

  const typeset = () => {
    if (typesetting) return typesetting;
    const base = new URL(document.documentElement.dataset.mathjax, document.baseURI).href;
    typesetting = new Promise((resolve, reject) => {
      window.MathJax = {
        loader: {
          paths: { mathjax: base },
          load: ["input/tex", "output/chtml", "a11y/assistive-mml"],
        },
        tex: { inlineMath: [["\\(", "\\)"]], displayMath: [["\\[", "\\]"]], tags: "none" },
        chtml: { fontURL: `${base}/output/chtml/fonts/woff-v2`, matchFontHeight: true },
        startup: {
          typeset: false,
          ready() {
            const MathJax = window.MathJax;
            MathJax.startup.defaultReady();
            MathJax.startup.promise
              .then(() => MathJax.typesetPromise(formulas))
              .then(() => {
                document.documentElement.dataset.typeset = "done";
                markScrollers();
                resolve();
              })
              .catch(reject);
          },
        },
      };
      const script = document.createElement("script");
      script.src = `${base}/startup.js`;
      script.onerror = () => reject(new Error(`cannot load ${script.src}`));
      document.head.append(script);
    }).catch((error) => {
      // The TeX source stays on the page, readable.
      document.documentElement.dataset.typeset = "failed";
      console.error("Formulas stay as TeX:", error);
    });
    return typesetting;
  };

  if (formulas.length && document.documentElement.dataset.mathjax) {
    // When one is on the screen or nearly so, or as soon as the reader moves down the page.
    near(formulas, "200px 0px", typeset);
    for (const kind of ["scroll", "beforeprint"]) {
      window.addEventListener(kind, typeset, { once: true, passive: true });
    }
    // A link into the page lands where it should after formulas above it changed height.
    if (location.hash.length > 1) {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target) {
        let moved = false;
        for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"]) {
          window.addEventListener(kind, () => { moved = true; }, { once: true, passive: true });
        }
        typeset().then(() => { if (!moved) target.scrollIntoView(); });
      }
    }
  }

  // --- live figures ---------------------------------------------------------------------------
  const sheets = new Map();
  const styled = (href) => {
    if (!sheets.has(href)) {
      const sheet = document.createElement("link");
      sheet.rel = "stylesheet";
      sheet.href = href;
      sheets.set(href, new Promise((resolve, reject) => {
        sheet.onload = resolve;
        sheet.onerror = () => reject(new Error(`cannot load ${href}`));
      }));
      document.head.append(sheet);
    }
    return sheets.get(href);
  };

  near([...document.querySelectorAll("figure[data-widget]")], "300px 0px", async (figure) => {
    const here = document.baseURI;
    try {
      const [widget, answer] = await Promise.all([
        import(new URL(figure.dataset.script, here).href),
        fetch(new URL(figure.dataset.artifact, here).href),
        styled(new URL(figure.dataset.style, here).href), // before the controls, so none flash bare
      ]);
      if (!answer.ok) throw new Error(`${figure.dataset.artifact}: ${answer.status}`);
      figure.widget = widget.mount(figure, await answer.json());
      figure.dataset.state = "live";
    } catch (error) {
      figure.dataset.state = "static"; // the drawn figure stays
      if (location.protocol !== "file:") {
        console.error(error);
        return;
      }
      const note = document.createElement("p"); // browsers load no modules from files
      note.className = "widget-note";
      note.innerHTML = "This figure comes alive when the book is served: run <code>make serve</code> "
        + "in the book’s folder and open the address that it prints.";
      figure.insertBefore(note, figure.querySelector("figcaption"));
    }
  });

  // --- what scrolls sideways is reached by keyboard -------------------------------------------
  const SCROLLERS = "article pre, article .table-scroll, article div.math, article .output, "
    + "article figure.dense";
  function markScrollers() {
    for (const box of document.querySelectorAll(SCROLLERS)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0;
      if (scrolls) {
        box.tabIndex = 0;
        if (!box.hasAttribute("role") && !["PRE", "FIGURE"].includes(box.tagName)) {
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", "Scrolls sideways");
        }
      } else if (box.tabIndex === 0 && !box.hasAttribute("data-own-tabindex")) {
        box.removeAttribute("tabindex");
      }
    }
  }
  markScrollers();
  window.addEventListener("load", markScrollers);
  let waiting = 0;
  const markSoon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(markScrollers);
  };
  window.addEventListener("resize", markSoon);
  document.addEventListener("load", markSoon, true); // figures that arrive as the reader scrolls
  document.addEventListener("toggle", markScrollers, true);
})();
