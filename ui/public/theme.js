// Sets the theme and language before the first paint, so that nothing flashes; preferences.ts takes over afterwards.
;(() => {
  const root = document.documentElement
  const theme = localStorage.getItem('atalaya.theme')
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.dataset.theme = dark ? 'dark' : 'light'
  const language = localStorage.getItem('atalaya.language') ?? navigator.language.slice(0, 2)
  root.lang = language === 'es' ? 'es' : 'en'
})()
