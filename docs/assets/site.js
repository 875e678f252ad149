// Tables and code that scroll sideways can be reached by keyboard.
window.addEventListener("load", () => {
  for (const part of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) {
    part.tabIndex = 0
  }
})
