"""Every address, those of the demo too: a ROOT_URLCONF for tests."""

from config import demo_urls, urls

urlpatterns = [*urls.urlpatterns, *demo_urls.urlpatterns]
