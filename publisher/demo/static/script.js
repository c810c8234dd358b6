/* The month menu: choosing a month goes there. `minatoSettings` comes from the page. */
(function () {
  "use strict";
  var menu = document.getElementById("archives-dropdown-2");
  if (!menu || !window.minatoSettings) {
    return;
  }
  menu.addEventListener("change", function () {
    window.location.href = menu.value || window.minatoSettings.home;
  });
})();
