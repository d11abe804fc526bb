namespace FastMlx.Hub;
