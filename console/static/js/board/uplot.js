// uPlot as a module. The page loads its file as a classic script before any module: it defines a global.

export default globalThis.uPlot;
